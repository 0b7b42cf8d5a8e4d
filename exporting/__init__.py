"""Trained models as files that others run without emseg-bench: ONNX, torch.export, bioimage.io."""
