namespace Stip.Export.Checkpoints.Gguf;

/// <summary>The matrix from a latent vector to the keys and values of every head, <c>[heads·(key + value),
/// latent]</c>, out of two tensors of which one is turned.</summary>
/// <param name="Keys"><c>[heads, latent, key]</c>.</param>
/// <param name="Values"><c>[heads, value, latent]</c>.</param>
internal sealed record LatentRows(CheckpointTensor Keys, CheckpointTensor Values) : CheckpointTensor(
    Keys.Name, Keys.Dtype, [Keys.Shape[0] * (Keys.Shape[2] + Values.Shape[1]), Keys.Shape[1]])
{
    private readonly Lazy<float[]> _turned = new(() => Turn(Keys)); // [heads, key, latent]

    public override void Read(long firstElement, Span<float> values)
    {
        var (key, value, width) = (Keys.Shape[2], Values.Shape[1], Shape[1]);
        while (!values.IsEmpty)
        {
            var (row, column) = Math.DivRem(firstElement, width);
            var (head, inside) = Math.DivRem(row, key + value);
            var count = (int)Math.Min(values.Length, width - column);
            if (inside < key)
            {
                var start = (((head * key) + inside) * width) + column;
                _turned.Value.AsSpan((int)start, count).CopyTo(values);
            }
            else
            {
                Values.Read((((head * value) + inside - key) * width) + column, values[..count]);
            }

            values = values[count..];
            firstElement += count;
        }
    }

    private static float[] Turn(CheckpointTensor keys)
    {
        var (heads, width, key) = ((int)keys.Shape[0], (int)keys.Shape[1], (int)keys.Shape[2]);
        var stored = new float[keys.ElementCount];
        keys.Read(0, stored);
        var turned = new float[stored.Length];
        for (var i = 0; i < stored.Length; i++)
        {
            var (row, channel) = Math.DivRem(i, key);
            var (head, inside) = Math.DivRem(row, width);
            turned[(((head * key) + channel) * width) + inside] = stored[i];
        }

        return turned;
    }
}
