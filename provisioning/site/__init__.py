"""What stands where: one file a pole, written by hand, by discovery or from a spreadsheet."""
