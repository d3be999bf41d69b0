"""What the terminal shows: where to go on this machine, where on a phone, and who may log in."""

from __future__ import annotations

import io
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Banner:
    """`logins` are (e-mail, password) of the demo clinic.

    `notes` are sentences worth knowing before the first try.
    """

    desktop_url: str
    phone_url: str
    other_urls: tuple[str, ...] = ()
    logins: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())

    def text(self, *, with_qr: bool) -> str:
        lines = ["", "HeartSite is research software, not a medical device.", ""]
        lines.append(f"  On this computer   {self.desktop_url}")
        lines.append(f"  On a phone         {self.phone_url}")
        lines += [f"                     {url}" for url in self.other_urls]
        if self.logins:
            lines += ["", "  Demo log-ins (unless changed since)"]
            width = max(len(email) for email, _ in self.logins)
            lines += [f"    {email:<{width}}   {password}" for email, password in self.logins]
        lines += ["", *(f"  {note}" for note in self.notes)]
        if with_qr:
            lines += ["", qr_text(self.phone_url)]
        lines += ["  Ctrl-C ends it.", ""]
        return "\n".join(lines)


def qr_text(url: str) -> str:
    """A QR code in half blocks, right for a dark terminal; scanners read it inverted on a light one."""
    import qrcode

    code = qrcode.QRCode(border=2, error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(url)
    drawn = io.StringIO()
    code.print_ascii(out=drawn, invert=True)
    return "\n".join("  " + line for line in drawn.getvalue().rstrip("\n").splitlines())
