"""The two sockets: transport only. What a message means is decided elsewhere."""

from recordings.consumers.capture import CaptureConsumer
from recordings.consumers.monitor import MonitorConsumer

__all__ = ["CaptureConsumer", "MonitorConsumer"]
