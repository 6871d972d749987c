"""What proves later that a recording is the camera's own, whole and unchanged."""
