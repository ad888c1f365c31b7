using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Running;

/// <summary>The encoder and the decoder's first step in one pass.</summary>
internal static class SequenceRun
{
    private const string Before = "decoder_";
    private const string Ids = "decoder_input_ids";

    /// <summary>Runs them.</summary>
    /// <param name="side">The model.</param>
    /// <param name="inputs">The encoder's under their names, the decoder's with <c>decoder_</c> before theirs.</param>
    /// <returns>What the decoder gives, and <c>encoder_last_hidden_state</c>.</returns>
    /// <exception cref="RefusedException">There is nothing for the decoder, or the encoder gives something
    /// else.</exception>
    public static IReadOnlyList<(string Name, HostTensor Tensor)> Run(
        IModelSide side, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        var (encoders, decoders) = (Named(""), Named(Before));
        if (decoders.Count == 0)
        {
            throw new RefusedException(
                $"a model of an encoder and a decoder needs {Ids}, or what its decoder calls it with '{Before}' before "
                + $"it; there are {string.Join(", ", inputs.Keys)}");
        }

        using var encoder = new PassRunner(side, GraphRoles.Encoder);
        var hidden = encoder.NameOf(EncoderPorts.Hidden);
        var given = encoder.Run(encoders);
        var states = given.FirstOrDefault(output => output.Name == hidden).Tensor
            ?? throw new RefusedException(
                $"the encoder gives {string.Join(", ", given.Select(output => output.Name))}; "
                + $"the decoder's first step needs {hidden}"
                + (side is SequenceSide { Refusal: { } refusal } ? $" (no other name was told, as {refusal})" : ""));
        using var decoder = new PassRunner(side, GraphRoles.Decoder);
        decoders[decoder.NameOf(GraphManifest.EncoderStates)] = states;
        if (decoder.Inputs.Except(decoders.Keys).Any())
        {
            // What has one input has no mask beside it.
            var mask = encoders.Count > 1 ? encoders.GetValueOrDefault(encoder.NameOf(EncoderPorts.Mask)) : null;
            decoders[decoder.NameOf(GraphManifest.EncoderMask)] = mask
                ?? HostTensor.FromIntegers([.. Enumerable.Repeat(1L, (int)(states.Shape[0] * states.Shape[1]))],
                    states.Shape[0], states.Shape[1]);
        }

        return [.. decoder.Run(decoders), ("encoder_last_hidden_state", states)];

        Dictionary<string, HostTensor> Named(string before) => inputs
            .Where(input => input.Key.StartsWith(Before, StringComparison.Ordinal) == (before.Length > 0))
            .ToDictionary(input => input.Key[before.Length..], input => input.Value, StringComparer.Ordinal);
    }
}
