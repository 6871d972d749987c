"""Service 4, disaster: alerts of disaster rooms and of the centre open an area, and its cameras."""
