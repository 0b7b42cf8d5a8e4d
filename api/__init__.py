"""What Python programs and notebooks call; the names are those that ``emseg_bench`` itself gives."""
