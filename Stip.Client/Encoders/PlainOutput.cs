namespace Stip.Client.Encoders;

/// <summary>An output of the server with its features back in the plain order.</summary>
/// <param name="Name">Usual name, whatever the graph calls it.</param>
/// <param name="Values">Row after row, in float32.</param>
/// <param name="Shape">Shape; the features are its last axis.</param>
internal sealed record PlainOutput(string Name, float[] Values, IReadOnlyList<long> Shape)
{
    /// <summary>Features of a row.</summary>
    public int Width => (int)Shape[^1];

    /// <summary>One row, counted over all axes but the last.</summary>
    public ReadOnlySpan<float> Row(int index) => Values.AsSpan(index * Width, Width);
}
