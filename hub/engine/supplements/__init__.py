"""What a utility still wants of an applicant, and what it is given."""
