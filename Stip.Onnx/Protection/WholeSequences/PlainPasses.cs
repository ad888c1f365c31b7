using Microsoft.ML.OnnxRuntime;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Blocks;
using Stip.Onnx.Running;
using Inputs = System.Collections.Generic.IReadOnlyDictionary<string, Stip.Onnx.Execution.HostTensor>;

namespace Stip.Onnx.Protection.WholeSequences;

/// <summary>Runs a plain graph of another exporter on texts, as a whole or block by block.</summary>
internal static class PlainPasses
{
    /// <param name="plain">The plain model.</param>
    /// <param name="candidate">Its graph.</param>
    /// <param name="mode">How it is run.</param>
    /// <param name="texts">Inputs of the whole model.</param>
    /// <returns>The scores of each text; null where the graph does not take it.</returns>
    public static IReadOnlyList<HostTensor?> Run(
        PlainModel plain, WholeSequenceCandidate candidate, VerificationMode mode, IReadOnlyList<Inputs> texts)
    {
        var part = candidate.Part;
        var values = Handed(plain, part, texts);
        var blocks = mode == VerificationMode.Blocks
            ? GraphSplit.Of(part, candidate.Source.Features)
            : GraphSplit.Whole(part);
        foreach (var block in blocks)
        {
            if (values.OfType<Dictionary<string, HostTensor>>().FirstOrDefault() is not { } first)
            {
                break;
            }

            using var runner = new BlockRunner(
                part.Model, plain.FolderOf(part), Taken(block, first), block.Carried.Concat(block.Outputs));
            for (var text = 0; text < values.Length; text++)
            {
                values[text] = values[text] is { } given ? Next(runner, block, given) : null;
            }
        }

        return [.. values.Select(given => given?.GetValueOrDefault(candidate.Logits))];
    }

    private static Dictionary<string, HostTensor>?[] Handed(
        PlainModel plain, GraphPart part, IReadOnlyList<Inputs> texts)
    {
        string[] names = [.. GraphSignature.Inputs(part.Graph).Select(input => input.Name)];
        using var client = plain.Parts.FirstOrDefault(other => other.IsClient) is { } first
            ? WideTypes.Open(first.Model, plain.FolderOf(first))
            : null;
        return [.. texts.Select(text => Tried(() =>
        {
            var handed = ClientPass.Run(client, null, text, names, (_, tensor) => tensor);
            PassInputs.Complete(names, text, handed, (_, tensor) => tensor);
            return handed;
        }))];
    }

    private static Dictionary<string, HostTensor>? Next(
        BlockRunner runner, GraphBlock block, Dictionary<string, HostTensor> given) => Tried(() =>
        {
            foreach (var (name, value) in runner.Run(Taken(block, given)))
            {
                given[name] = value;
            }

            return given;
        });

    private static Dictionary<string, HostTensor> Taken(GraphBlock block, Dictionary<string, HostTensor> values) =>
        block.Inputs.ToDictionary(name => name, name => values[name], StringComparer.Ordinal);

    // A graph may not take every length that its inputs declare.
    private static Dictionary<string, HostTensor>? Tried(Func<Dictionary<string, HostTensor>> run)
    {
        try
        {
            return run();
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }
    }
}
