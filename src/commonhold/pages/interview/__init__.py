"""The screens of the custody interview: pure functions from answers and a language to HTML. Who asks for them, and saves, is ``local``'s business."""
