using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>The projections around attention: one packed matrix in, one out, heads filled up where the kernel asks
/// for it.</summary>
internal static class PackedProjection
{
    /// <summary>Queries, keys and values from <c>q_proj</c>, <c>k_proj</c>, <c>v_proj</c>, side by side.</summary>
    public static string FromLinears(
        DecoderGraph decoder, string name, string input, string tensor, AttentionHeads heads, bool hasBias)
    {
        var sources = new (string Name, HeadPadding Channels)[]
        {
            ($"{tensor}.q_proj", heads.Queries),
            ($"{tensor}.k_proj", heads.KeysOrValues),
            ($"{tensor}.v_proj", heads.KeysOrValues),
        };
        var inputs = HeadPadding.None(decoder.HiddenSize);
        var matrix = decoder.Weights.Matrix([.. sources.Select(source => new LinearPart(
            decoder.Tensors.Require($"{source.Name}.weight", source.Channels.StoredLength, inputs.Length),
            inputs,
            source.Channels))]);
        var bias = hasBias
            ? decoder.Weights.Vector([.. sources.Select(source => (
                decoder.Tensors.Require($"{source.Name}.bias", source.Channels.StoredLength), source.Channels))])
            : null;
        return Linear.Append(decoder, name, input, matrix, bias);
    }

    /// <summary>The same from GPT-2's <c>c_attn</c>, which is packed already.</summary>
    public static string FromConv1D(
        DecoderGraph decoder, string name, string input, string tensor, AttentionHeads heads)
    {
        var (hidden, channels) = (decoder.HiddenSize, heads.Queries with { Heads = heads.Heads + 2 * heads.KvHeads });
        var matrix = decoder.Tensors.Require($"{tensor}.weight", hidden, channels.StoredLength);
        var bias = decoder.Tensors.Require($"{tensor}.bias", channels.StoredLength);
        return Linear.Append(
            decoder,
            name,
            input,
            decoder.Weights.Matrix(
                new LinearPart(matrix, HeadPadding.None(hidden), channels, StoredOutputsFirst: false)),
            decoder.Weights.Vector((bias, channels)));
    }

    /// <summary>From heads back to the residual stream, stored as torch's Linear.</summary>
    public static string OutputFromLinear(
        DecoderGraph decoder, string name, string input, string tensor, AttentionHeads heads, bool hasBias)
    {
        var matrix = decoder.Tensors.Require($"{tensor}.weight", decoder.HiddenSize, heads.Queries.StoredLength);
        var part = new LinearPart(matrix, heads.Queries, HeadPadding.None(decoder.HiddenSize));
        return Append(decoder, name, input, tensor, part, hasBias);
    }

    /// <summary>From heads back to the residual stream, stored as GPT-2's Conv1D.</summary>
    public static string OutputFromConv1D(
        DecoderGraph decoder, string name, string input, string tensor, AttentionHeads heads)
    {
        var matrix = decoder.Tensors.Require($"{tensor}.weight", heads.Queries.StoredLength, decoder.HiddenSize);
        var part = new LinearPart(
            matrix, heads.Queries, HeadPadding.None(decoder.HiddenSize), StoredOutputsFirst: false);
        return Append(decoder, name, input, tensor, part, hasBias: true);
    }

    private static string Append(
        DecoderGraph decoder, string name, string input, string tensor, LinearPart part, bool hasBias)
    {
        Weight? bias = hasBias
            ? decoder.Weights.Vector((decoder.Tensors.Require($"{tensor}.bias", part.Outputs.Length), part.Outputs))
            : null;
        return Linear.Append(decoder, name, input, decoder.Weights.Matrix(part), bias);
    }
}
