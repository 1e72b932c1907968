"""templates: what `evalplat init` lays down."""

from .catalogue import TEMPLATES, Template, template_of
from .files import files_of, lay_down

__all__ = ["TEMPLATES", "Template", "files_of", "lay_down", "template_of"]
