"""How a box comes to its identity, also where only a laptop is; see docs/design/enrolment.md."""
