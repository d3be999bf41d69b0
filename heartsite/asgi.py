"""HTTP and WebSockets in one ASGI application. TensorFlow and scipy never enter this process."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heartsite.settings")
django_application = get_asgi_application()

# Django must be set up before anything that touches models is imported.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.sessions import SessionMiddlewareStack  # noqa: E402
from django.conf import settings  # noqa: E402

from heartsite.serving.cookies import ConnectionCookies  # noqa: E402
from recordings.routing import websocket_urlpatterns  # noqa: E402

# Consumers check the origin and the user themselves, to answer with a close code that says why.
application = ConnectionCookies(
    ProtocolTypeRouter(
        {
            "http": django_application,
            "websocket": SessionMiddlewareStack(URLRouter(websocket_urlpatterns)),
        }
    ),
    names={settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME},
    trusted_proxies=settings.TRUSTED_PROXIES,
)
