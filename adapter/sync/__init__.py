"""With clinics: what each accepts, delivering to it, and reading back what it holds."""
