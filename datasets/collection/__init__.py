"""The engine under folders, volumes and published datasets: divides, sums up and reads what there is."""
