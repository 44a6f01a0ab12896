// The room's first file; see ARCHITECTURE.md.
