using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Onnx.Running;

/// <summary>The encoder and the decoder's first step in one pass.</summary>
internal static class SequenceRun
{
    private const string Before = "decoder_";
    private const string Ids = "decoder_input_ids";
    private const string States = "encoder_hidden_states";
    private const string StatesMask = "encoder_attention_mask";

    /// <summary>Runs them.</summary>
    /// <param name="side">The model.</param>
    /// <param name="inputs">The encoder's under their names, the decoder's with <c>decoder_</c> before theirs.</param>
    /// <returns>What the decoder gives, and <c>encoder_last_hidden_state</c>.</returns>
    /// <exception cref="RefusedException">There is nothing for the decoder, or the encoder gives something
    /// else.</exception>
    public static IReadOnlyList<(string Name, HostTensor Tensor)> Run(
        IModelSide side, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        if (!inputs.ContainsKey(Ids))
        {
            throw new RefusedException(
                $"a model of an encoder and a decoder needs {Ids}; there are {string.Join(", ", inputs.Keys)}");
        }

        var (encoders, decoders) = (Named(""), Named(Before));
        using var encoder = new PassRunner(side, GraphRoles.Encoder);
        var given = encoder.Run(encoders);
        var states = given.FirstOrDefault(output => output.Name == EncoderPorts.Hidden).Tensor
            ?? throw new RefusedException(
                $"the encoder gives {string.Join(", ", given.Select(output => output.Name))}; "
                + $"the decoder's first step needs {EncoderPorts.Hidden}");
        decoders[States] = states;
        decoders[StatesMask] = encoders.GetValueOrDefault(EncoderPorts.Mask)
            ?? HostTensor.FromIntegers([.. Enumerable.Repeat(1L, (int)(states.Shape[0] * states.Shape[1]))],
                states.Shape[0], states.Shape[1]);
        using var decoder = new PassRunner(side, GraphRoles.Decoder);
        return [.. decoder.Run(decoders), ("encoder_last_hidden_state", states)];

        Dictionary<string, HostTensor> Named(string before) => inputs
            .Where(input => input.Key.StartsWith(Before, StringComparison.Ordinal) == (before.Length > 0))
            .ToDictionary(input => input.Key[before.Length..], input => input.Value, StringComparer.Ordinal);
    }
}
