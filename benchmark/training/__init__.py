"""Training one model on one dataset by one recipe, with mmengine's Runner wrapped thinly."""
