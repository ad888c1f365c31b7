namespace Stip.Client.Generation;

/// <summary>A prompt in which images stand.</summary>
/// <param name="TokenIds">Its tokens; the image token stands once for each row of an image. Beside an encoder that
/// reads the image: what the decoder begins with.</param>
/// <param name="Rows">The rows of the images.</param>
public sealed record ImagePrompt(ReadOnlyMemory<int> TokenIds, PlacedRows Rows);
