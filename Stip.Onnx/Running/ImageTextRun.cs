using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Onnx.Running;

/// <summary>
/// Image and text in one prompt: the rows that the vision graph gives stand where the text has image tokens.
/// </summary>
internal static class ImageTextRun
{
    private const string PixelsName = "pixel_values";
    private const string FeaturesName = "image_features";

    /// <returns>What the decoder gives, as <see cref="DecoderRun"/>.</returns>
    public static IReadOnlyList<(string Name, HostTensor Tensor)> Run(
        IModelSide side, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        var imageToken = side.ImageTokenId
            ?? throw new RefusedException("the model names no image token, so images have no place in its text");
        var batch = TokenBatch.Read(inputs, PixelsName);
        var tables = DecoderRun.TablesOf(side);
        var features = inputs.TryGetValue(PixelsName, out var pixels) ? Rows(side, pixels) : [];
        var places = batch.Ids.LongCount(id => id == imageToken);
        if (places * tables.HiddenSize != features.Length)
        {
            throw new RefusedException(
                $"the text has {places} image tokens, the images give {features.Length / tables.HiddenSize} rows");
        }

        var next = 0;
        return DecoderRun.Run(side, batch, (_, ids) => Place(tables, ids, imageToken, features, ref next));
    }

    private static float[] Place(EmbeddingTables tables, long[] ids, int imageToken, float[] features, ref int next)
    {
        var rows = tables.Embed(ids, firstPosition: 0); // [n, hidden]
        for (var i = 0; i < ids.Length; i++)
        {
            if (ids[i] == imageToken)
            {
                features.AsSpan(next, tables.HiddenSize).CopyTo(rows.AsSpan(i * tables.HiddenSize));
                next += tables.HiddenSize;
            }
        }

        return rows;
    }

    // [images * tokens, hidden], in the order of the decoder's own rows.
    private static float[] Rows(IModelSide side, HostTensor pixels) =>
        Vision(side, new Dictionary<string, HostTensor> { [PixelsName] = pixels })[FeaturesName].ToFloats();

    /// <summary>The features of images alone, in the plain order.</summary>
    public static IReadOnlyList<(string Name, HostTensor Tensor)> Features(
        IModelSide side, IReadOnlyDictionary<string, HostTensor> inputs) =>
        [.. Vision(side, inputs).Select(output =>
            (output.Key, side.Restore(GraphRoles.Vision, output.Key, output.Value)))];

    private static IReadOnlyDictionary<string, HostTensor> Vision(
        IModelSide side, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        var given = new Dictionary<string, HostTensor>(inputs, StringComparer.Ordinal);
        var client = side.ClientGraphOf(GraphRoles.Vision);
        foreach (var (name, tensor) in client is null ? [] : GraphRun.Run(client, inputs))
        {
            given[name] = tensor;
        }

        using var vision = new GraphRunner(side.GraphOf(GraphRoles.Vision));
        return vision.Run(given);
    }
}
