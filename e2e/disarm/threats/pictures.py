def emf(live): return b"x"
