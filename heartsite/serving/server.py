"""daphne's server with bounded bodies, the scheme of sockets, and an end that leaves nothing hanging."""

from __future__ import annotations

import asyncio
import io

from daphne.server import Server
from twisted.internet import defer
from twisted.internet.interfaces import ISSLTransport

from heartsite.serving.bodies import BODY_FILE, BodyLimits, BoundedHTTPFactory

# A capture frame is 1.6 kB and the largest control message a few; anything near this is not ours.
MAX_SOCKET_MESSAGE_BYTES = 64 * 1024


class HeartSiteServer(Server):
    """`listen_failure` holds the reason when an address could not be listened on."""

    def __init__(self, application, *, endpoints: list[str], body_limits: BodyLimits, ready_callable) -> None:
        super().__init__(
            application,
            endpoints=endpoints,
            ready_callable=ready_callable,
            server_name="",
            websocket_max_message_size=MAX_SOCKET_MESSAGE_BYTES,
            websocket_max_frame_size=MAX_SOCKET_MESSAGE_BYTES,
            verbosity=1,
        )
        self.body_limits = body_limits
        self.listen_failure = ""

    @property
    def http_factory(self):
        return self._http_factory

    @http_factory.setter
    def http_factory(self, _plain) -> None:
        # `run` builds daphne's own factory here; ours makes requests with a limit.
        self._http_factory = BoundedHTTPFactory(self)

    @property
    def ws_factory(self):
        return self._ws_factory

    @ws_factory.setter
    def ws_factory(self, factory) -> None:
        # By default a message that is too large drops the connection; the client should learn why (1009).
        factory.setProtocolOptions(failByDrop=False)
        self._ws_factory = factory

    def create_application(self, protocol, scope):
        if scope["type"] == "websocket":
            # daphne leaves the scheme out; cookies and origins depend on it.
            scope["scheme"] = "wss" if ISSLTransport.providedBy(protocol.transport) else "ws"
            return super().create_application(protocol, scope)
        # daphne would read the whole body into a queue; it finds an empty one, and BodyFromFile reads the
        # real one.
        scope[BODY_FILE], protocol.content = protocol.content, io.BytesIO()
        scope["headers"] = with_length(scope["headers"], scope[BODY_FILE])
        return super().create_application(protocol, scope)

    def listen_error(self, failure) -> None:
        self.listen_failure = failure.getErrorMessage()
        self.stop()

    def kill_all_applications(self):
        """Cancel what still runs, then let the reactor end.

        Connections without an application are no obstacle.
        """
        running = [
            details["application_instance"]
            for details in self.connections.values()
            if "application_instance" in details and not details["application_instance"].done()
        ]
        for application in running:
            application.cancel()
        if not running:
            return None
        ended = defer.Deferred.fromFuture(asyncio.gather(*running, return_exceptions=True))
        ended.addErrback(lambda failure: None)
        return ended


def with_length(headers: list[tuple[bytes, bytes]], body) -> list[tuple[bytes, bytes]]:
    """Say how long a chunked body has turned out to be: Django takes a body of unknown length for an empty one."""
    if not any(name == b"transfer-encoding" for name, _ in headers):
        return headers
    length = body.seek(0, io.SEEK_END)
    body.seek(0)
    kept = [header for header in headers if header[0] not in (b"transfer-encoding", b"content-length")]
    return [*kept, (b"content-length", b"%d" % length)]
