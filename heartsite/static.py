"""Static files: hashed names once collected, plain names from the source tree before that."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """ES modules import each other by relative path, so their imports are rewritten to the hashed names
    too.
    """

    support_js_module_import_aggregation = True
    manifest_strict = False

    def url(self, name, force=False):
        """Hashed when a manifest exists.

        Before `collectstatic` the plain name, so that a fresh clone just works.
        """
        if not self.hashed_files:
            return self.base_url + name if name else self.base_url
        return super().url(name, force)
