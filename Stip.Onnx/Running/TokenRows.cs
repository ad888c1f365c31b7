using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Onnx.Running;

/// <summary>The client's look-ups for a batch that starts at position 0, padding included.</summary>
internal static class TokenRows
{
    private const string TypesName = "token_type_ids";

    /// <returns>Rows <c>[batch, n, hidden]</c> in float32.</returns>
    public static HostTensor Embed(EmbeddingTables tables, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        var batch = TokenBatch.Read(inputs, TypesName);
        var types = inputs.TryGetValue(TypesName, out var given) ? given.ToIntegers() : null;
        if (types is not null && types.Length != batch.Ids.Length)
        {
            throw new RefusedException($"{TypesName} has {types.Length} entries, input_ids {batch.Ids.Length}");
        }

        var rows = new float[batch.Ids.Length * tables.HiddenSize]; // [batch, n, hidden]
        for (var sequence = 0; sequence < batch.Sequences; sequence++)
        {
            var start = sequence * batch.Length;
            var ids = batch.Ids.AsSpan(start, batch.Length);
            tables.Embed(ids, firstPosition: 0, types is null ? default : types.AsSpan(start, batch.Length))
                .CopyTo(rows, start * tables.HiddenSize);
        }

        return HostTensor.FromFloats(rows, batch.Sequences, batch.Length, tables.HiddenSize);
    }
}
