"""What hangs on the pole beside cameras: lights, sirens, speakers, bells, the light sensor."""
