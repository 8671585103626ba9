"""Control of a running line: one truth for the API, the page, the command line and programs."""

from usernet.control.control import Capture, Control
from usernet.control.document import Document
from usernet.control.subscription import Subscription

__all__ = ["Capture", "Control", "Document", "Subscription"]
