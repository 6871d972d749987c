"""What the pictures show: detections, tracks, motion, posture."""
