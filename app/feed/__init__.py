"""Live changes of jobs: one listening connection for each process, and everybody who follows them in memory."""
