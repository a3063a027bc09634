"""ONNX from an integer model: standard operators for any runtime, QONNX for tools that make hardware."""
