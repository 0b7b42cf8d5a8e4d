"""Published datasets: fetched, checked, unpacked and converted once; and leaks between splits, found."""
