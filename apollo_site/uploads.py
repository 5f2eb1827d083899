"""Uploads stay in memory: what a patient sends lies on no disk in clear, not even for a moment."""

from io import BytesIO

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class MemoryUploadHandler(FileUploadHandler):
    """Keeps one file in memory. Of one that is larger than MAX_FILE_BYTES nothing is kept but its size.

    The rest of the body is read all the same: a browser that is cut off shows an error of its own instead of our page.
    """

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        self.file = BytesIO()

    def receive_data_chunk(self, raw_data, start):
        if start + len(raw_data) > settings.MAX_FILE_BYTES:
            self.file = BytesIO()
        else:
            self.file.write(raw_data)

    def file_complete(self, file_size):
        return InMemoryUploadedFile(
            file=self.file,
            field_name=self.field_name,
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
