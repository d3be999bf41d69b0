"""Addresses of the sockets."""

from django.urls import path

from recordings.consumers import CaptureConsumer, MonitorConsumer

websocket_urlpatterns = [
    path("ws/capture/", CaptureConsumer.as_asgi()),
    path("ws/monitor/<uuid:session_id>/", MonitorConsumer.as_asgi()),
]
