namespace Stip.Export.Blocks;

/// <summary>One layer of a decoder while it is appended: its names, and the residual stream that its blocks read and
/// add to.</summary>
/// <param name="decoder">The graph.</param>
/// <param name="index">Index of the layer.</param>
/// <param name="tensor">Where its weights are in the checkpoint.</param>
/// <param name="stream">The stream, shared by all layers.</param>
internal sealed class DecoderLayer(DecoderGraph decoder, int index, string tensor, ResidualStream stream)
{
    public DecoderGraph Decoder => decoder;

    public int Index => index;

    /// <summary>Name of a block in the graph.</summary>
    public string Name(string block) => $"layers.{index}.{block}";

    /// <summary>Name of a part in the checkpoint.</summary>
    public string Tensor(string part) => $"{tensor}.{part}";

    /// <summary>The stream as it stands, without a norm.</summary>
    public string Stream(string block) => stream.Sum(Name(block));

    /// <summary>The stream through a norm whose weights are <paramref name="part"/>.</summary>
    public string Normed(Norm norm, string block, string part) => stream.Through(norm, Name(block), Tensor(part));

    /// <summary>Any rows through a norm, e.g. what a block gave.</summary>
    public string Normed(Norm norm, string block, string part, string rows) =>
        norm.Append(decoder, Name(block), Tensor(part), rows);

    /// <summary>Puts a norm of the stream in its place.</summary>
    public void Renorm(Norm norm, string block, string part) => stream.Replace(norm, Name(block), Tensor(part));

    /// <summary>Adds what a block gave to the stream.</summary>
    public void Add(string output) => stream.Add(output);
}
