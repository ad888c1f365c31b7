namespace Stip.Export.Checkpoints.Gguf.Blocks;

/// <summary>Writes the elements of one block as float32.</summary>
/// <param name="block">The bytes of the block.</param>
/// <param name="values">Room for its elements.</param>
internal delegate void BlockDecoder(ReadOnlySpan<byte> block, Span<float> values);
