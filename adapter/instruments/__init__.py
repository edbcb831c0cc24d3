"""What a form, an answer and a study are. Pure: values in, values out."""
