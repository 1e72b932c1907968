"""Records as they show themselves: HTML in a notebook, plain text elsewhere, data frames and figures."""

from .figures import figure_of
from .frames import frame_of
from .show import KINDS, card_of, html_of, text_of

__all__ = ["KINDS", "card_of", "figure_of", "frame_of", "html_of", "text_of"]
