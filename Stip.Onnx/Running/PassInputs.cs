using Stip.Onnx.Execution;

namespace Stip.Onnx.Running;

/// <summary>What the server's graph of a pass is given: what the client makes of the model's inputs, and the rest of
/// them.</summary>
internal static class PassInputs
{
    private const string MaskName = "attention_mask";

    /// <summary>Adds what the client does not make.</summary>
    /// <param name="names">Inputs of the server's graph.</param>
    /// <param name="inputs">Inputs of the whole model.</param>
    /// <param name="handed">What the client's part gives, by name; completed in place.</param>
    /// <param name="protect">An input of the plain model as this side's graph takes it.</param>
    /// <exception cref="RefusedException">An input is missing.</exception>
    public static void Complete(
        IEnumerable<string> names,
        IReadOnlyDictionary<string, HostTensor> inputs,
        Dictionary<string, HostTensor> handed,
        Func<string, HostTensor, HostTensor> protect)
    {
        foreach (var name in names.Where(name => !handed.ContainsKey(name)))
        {
            handed[name] = protect(name, Given(name, inputs, handed));
        }
    }

    private static HostTensor Given(
        string name, IReadOnlyDictionary<string, HostTensor> inputs, Dictionary<string, HostTensor> handed)
    {
        if (inputs.TryGetValue(name, out var given))
        {
            return given;
        }

        if (name == MaskName && handed.TryGetValue(DecoderPorts.Embeds, out var rows))
        {
            var (batch, length) = (rows.Shape[0], rows.Shape[1]);
            return HostTensor.FromIntegers(Enumerable.Repeat(1L, (int)(batch * length)).ToArray(), batch, length);
        }

        throw new RefusedException($"the model takes an input '{name}'; given are {string.Join(", ", inputs.Keys)}");
    }
}
