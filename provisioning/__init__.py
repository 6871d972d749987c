"""The technician's tool: who belongs to the city, and how a box comes to its pole."""
