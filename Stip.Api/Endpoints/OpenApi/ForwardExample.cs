using System.Text.Json;
using Stip.Api.Registry;
using Stip.Protocol.Forward;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Endpoints.OpenApi;

/// <summary>A pass of the smallest graph that is here: zeros where it takes numbers, ones where it takes integers
/// (a mask that leaves nothing out).</summary>
internal static class ForwardExample
{
    // A page is to be read; pictures are too large for it.
    private const long MostBytes = 16 << 10;
    private const int Tokens = 2;

    private static readonly TensorPayload Rows = new(
        TensorDtype.Float32.WireName(), [1, Tokens, 4], new byte[Tokens * 4 * sizeof(float)]);

    /// <summary>A pass of nobody's model where none of these has a graph without a cache that is small enough.
    /// </summary>
    public static ForwardRequest Of(IEnumerable<HostedModel> models) => models
        .SelectMany(model => model.Forwards.Select(forward => (
            Model: model.Id, Role: forward.Key, Bytes: forward.Value.Graph.Inputs.Sum(Bytes), forward.Value.Graph)))
        .Where(pass => pass.Bytes <= MostBytes)
        .OrderBy(pass => pass.Bytes)
        .Select(pass => new ForwardRequest(
            pass.Model, pass.Graph.Inputs.ToDictionary(input => input.Name, Tensor), pass.Role))
        .FirstOrDefault() ?? new ForwardRequest(
            CompletionExample.Nobody, new Dictionary<string, TensorPayload> { ["inputs_embeds"] = Rows });

    private static TensorPayload Tensor(TensorManifest input)
    {
        _ = TensorDtypes.TryParseWire(input.Dtype, out var dtype);
        var data = new byte[Bytes(input)];
        for (var i = 0; i < data.Length && !dtype.IsWireFloat(); i += dtype.ByteSize())
        {
            data[i] = 1;
        }

        return new TensorPayload(input.Dtype, Shape(input), data);
    }

    private static long Bytes(TensorManifest input)
    {
        _ = TensorDtypes.TryParseWire(input.Dtype, out var dtype);
        return (long)Shape(input).Aggregate(
            (decimal)dtype.ByteSize(), (size, axis) => Math.Min(size * axis, MostBytes + 1));
    }

    // One text of two tokens, whatever the axes are called.
    private static long[] Shape(TensorManifest input) =>
    [
        .. input.Shape.Select((axis, index) =>
            axis.ValueKind == JsonValueKind.Number && axis.TryGetInt64(out var length) && length > 0
                ? length
                : index == 0 ? 1 : Tokens),
    ];
}
