using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;
using Inputs = System.Collections.Generic.IReadOnlyDictionary<string, Stip.Onnx.Execution.HostTensor>;

namespace Stip.Onnx.Protection.WholeSequences;

/// <summary>Pairs of texts that differ in their last token alone: rows of a language model before it stay, those of an
/// encoder, which reads to both sides, do not.</summary>
/// <param name="candidate">The graph.</param>
/// <param name="inputs">What its inputs beside ids and rows are given, by name.</param>
internal sealed class ChangedEnds(WholeSequenceCandidate candidate, IReadOnlyDictionary<string, string> inputs)
{
    private const int MostPairs = 4;

    /// <summary>The pairs, of several lengths.</summary>
    public IEnumerable<(Inputs Text, Inputs Changed, Lengths Lengths)> Make()
    {
        var made = 0;
        foreach (var text in new ForeignSamples(candidate.Source).Tries(0))
        {
            var ids = text[candidate.Ids];
            var lengths = new Lengths((int)ids.Shape[0], (int)ids.Shape[1]);
            if (lengths.Tokens < 2 || made == MostPairs)
            {
                continue;
            }

            made++;
            foreach (var (name, tensor) in text.Where(input => inputs.ContainsKey(input.Key)).ToArray())
            {
                text[name] = Filled(inputs[name], tensor);
            }

            var changed = new Dictionary<string, HostTensor>(text, StringComparer.Ordinal)
            {
                [candidate.Ids] = Changed(ids, lengths.Tokens),
            };
            yield return (text, changed, lengths);
        }
    }

    private HostTensor Changed(HostTensor ids, int tokens)
    {
        var numbers = ids.ToIntegers();
        var most = candidate.Source.Limits[candidate.Ids];
        for (var last = tokens - 1; last < numbers.Length; last += tokens)
        {
            numbers[last] = (numbers[last] + 1) % most;
        }

        return HostTensor.FromIntegers(numbers, [.. ids.Shape]).ConvertTo(ids.Dtype);
    }

    private static HostTensor Filled(string word, HostTensor tensor)
    {
        var (count, length) = ((int)tensor.ElementCount, (int)tensor.Shape[^1]);
        long[] numbers =
            [.. Enumerable.Range(0, count).Select(i => (long)WholeSequenceInputs.Number(word, i % length))];
        return tensor.Dtype.IsWireFloat()
            ? HostTensor.FromFloats(Array.ConvertAll(numbers, number => (float)number), [.. tensor.Shape])
                .ConvertTo(tensor.Dtype)
            : tensor.Dtype == TensorDtype.Bool
            ? tensor with { Bytes = [.. numbers.Select(number => (byte)(number == 0 ? 0 : 1))] }
            : HostTensor.FromIntegers(numbers, [.. tensor.Shape]).ConvertTo(tensor.Dtype);
    }

    /// <summary>Of a pair.</summary>
    /// <param name="Texts">Texts of a pass.</param>
    /// <param name="Tokens">Tokens of each.</param>
    internal readonly record struct Lengths(int Texts, int Tokens);
}
