using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Onnx.Running;

/// <summary>The client's look-ups for a batch, padding included: from position 0 on, or where the inputs say.</summary>
internal static class TokenRows
{
    private const string TypesName = "token_type_ids";
    private const string BoxesName = "bbox";
    private const string PositionsName = "position_ids";
    private const string MaskName = "attention_mask";
    private const string IdsName = "input_ids";

    /// <summary>Looks up what the inputs of a model say.</summary>
    /// <param name="tables">The client's tables.</param>
    /// <param name="inputs">Inputs of the whole model.</param>
    /// <param name="others">Inputs that the model takes besides ids, masks and types.</param>
    /// <returns>Rows <c>[batch, n, hidden]</c> in float32.</returns>
    public static HostTensor Embed(
        EmbeddingTables tables, IReadOnlyDictionary<string, HostTensor> inputs, IReadOnlyCollection<string> others)
    {
        if (tables.Names is { } names)
        {
            var usual = names.ToDictionary(name => name.Value, name => name.Key, StringComparer.Ordinal);
            inputs = inputs.ToDictionary(
                input => usual.GetValueOrDefault(input.Key, input.Key), input => input.Value, StringComparer.Ordinal);
            others = [.. others.Select(name => usual.GetValueOrDefault(name, name))];
        }

        // A mask that the graph takes may cover a cache too, whatever that is called: it is the server's.
        var ofIds = others.Contains(PositionsName) || others.Contains(MaskName)
            ? inputs.Where(input => input.Key != MaskName).ToDictionary(StringComparer.Ordinal)
            : inputs;
        string[] boxed = tables.BoxPlaceCount > 0 ? [BoxesName] : [];
        var batch = TokenBatch.Read(
            ofIds, [TypesName, .. boxed, .. others.Except([MaskName, DecoderPorts.Embeds, IdsName])]);
        var types = Numbers(inputs, TypesName, batch);
        var positions = tables.HasPositions && others.Contains(PositionsName)
            ? Numbers(inputs, PositionsName, batch)
            : null;
        var boxes = tables.BoxPlaceCount > 0 ? Boxes(inputs, batch) : null;
        var rows = new float[batch.Ids.Length * tables.HiddenSize]; // [batch, n, hidden]
        for (var sequence = 0; sequence < batch.Sequences; sequence++)
        {
            // Tokens that stand in a row, or each by itself.
            var length = positions is null ? batch.Length : 1;
            for (var token = 0; token < batch.Length; token += length)
            {
                var start = (sequence * batch.Length) + token;
                tables.Embed(
                    batch.Ids.AsSpan(start, length),
                    positions is null ? token : (int)Math.Clamp(positions[start], -1, int.MaxValue),
                    types is null ? default : types.AsSpan(start, length),
                    boxes is null ? default : boxes.AsSpan(4 * start, 4 * length))
                    .CopyTo(rows, start * tables.HiddenSize);
            }
        }

        return HostTensor.FromFloats(rows, batch.Sequences, batch.Length, tables.HiddenSize);
    }

    private static long[]? Boxes(IReadOnlyDictionary<string, HostTensor> inputs, TokenBatch batch)
    {
        var numbers = inputs.TryGetValue(BoxesName, out var given) ? TokenBatch.Integers(BoxesName, given) : null;
        return numbers is null || numbers.Length == 4L * batch.Ids.Length ? numbers : throw new RefusedException(
            $"{BoxesName} has {numbers.Length} entries; it must have 4 for each of the "
            + $"{batch.Ids.Length} of {IdsName}");
    }

    private static long[]? Numbers(IReadOnlyDictionary<string, HostTensor> inputs, string name, TokenBatch batch)
    {
        var numbers = inputs.TryGetValue(name, out var given) ? TokenBatch.Integers(name, given) : null;
        return numbers is null || numbers.Length == batch.Ids.Length ? numbers
            : numbers.Length == batch.Length
                ? [.. Enumerable.Range(0, batch.Ids.Length).Select(i => numbers[i % batch.Length])]
            : throw new RefusedException($"{name} has {numbers.Length} entries, input_ids {batch.Ids.Length}");
    }
}
