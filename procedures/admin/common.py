class NoBulkDeleteMixin:
    """Rows go one at a time: the bulk action asks nobody whether this one may."""

    def get_actions(self, request):
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions
