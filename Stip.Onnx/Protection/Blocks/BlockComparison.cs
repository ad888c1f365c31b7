using Microsoft.ML.OnnxRuntime;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Blocks;

/// <summary>
/// Runs plain and protected graphs block by block, each on from what its own blocks gave. Outputs are judged as those
/// of whole graphs are; what blocks hand on is compared in any order, so that the first block that is off has a name.
/// </summary>
internal sealed class BlockComparison
{
    private readonly PlainModel _plain;
    private readonly ProtectedModel _moved;
    private readonly OutputComparison _comparison;

    private BlockComparison(PlainModel plain, ProtectedModel moved, OutputComparison comparison) =>
        (_plain, _moved, _comparison) = (plain, moved, comparison);

    /// <summary>The first block and node that are off; null where none is.</summary>
    public string? Fault { get; private set; }

    /// <summary>The graph and the first output of the node that is off.</summary>
    public (string Part, string Output)? FaultNode { get; private set; }

    /// <summary>How many samples ran through every block; a graph may not take every shape.</summary>
    public int Samples { get; private set; } = int.MaxValue;

    /// <summary>Compares every graph of the server.</summary>
    /// <param name="plain">The plain model.</param>
    /// <param name="moved">Its package.</param>
    /// <param name="samples">Passes through each graph.</param>
    /// <param name="comparison">Is given every output.</param>
    /// <param name="progress">Called with the share of the blocks that were run, plain and protected.</param>
    /// <exception cref="RefusedException">A graph cannot be split, or takes none of the inputs.</exception>
    public static BlockComparison Run(
        PlainModel plain,
        ProtectedModel moved,
        int samples,
        OutputComparison comparison,
        Action<double>? progress = null)
    {
        var run = new BlockComparison(plain, moved, comparison);
        var parts = plain.Parts.Where(part => !part.IsClient).ToList();
        foreach (var (index, part) in parts.Index())
        {
            run.Compare(
                part,
                GraphSplit.Of(part, run.FeaturesOf(part)),
                samples,
                ShareOfWork.Of(progress, index, parts.Count));
        }

        return run;
    }

    /// <summary>Looks for the node at which a package that failed goes wrong.</summary>
    public static BlockComparison FindFault(PlainModel plain, ProtectedModel moved)
    {
        var run = new BlockComparison(plain, moved, new OutputComparison(plain));
        foreach (var part in plain.Parts.Where(part => !part.IsClient))
        {
            try
            {
                run.Compare(part, Blocks(part, run.FeaturesOf(part)), samples: 2, progress: null);
            }
            catch (Exception e) when (e is OnnxRuntimeException or RefusedException)
            {
                // What is wrong has been said already; where is an extra.
            }
        }

        return run;
    }

    private static IReadOnlyList<GraphBlock> Blocks(GraphPart part, string[] features)
    {
        try
        {
            return GraphSplit.Of(part, features);
        }
        catch (RefusedException)
        {
            return GraphSplit.Whole(part);
        }
    }

    private string[] FeaturesOf(GraphPart part)
    {
        string[] moved = [.. _moved.PlanOf(part.Key).Inputs.Values.Where(port => port.Permutation is not null)
            .Select(port => port.Name)];
        return moved.Length > 0 ? moved
            : [.. part.Graph.Input.Where(input => ElementTypes.IsFloat(
                (TensorProto.Types.DataType)input.Type.TensorType.ElemType)).Select(input => input.Name)];
    }

    private void Compare(GraphPart part, IReadOnlyList<GraphBlock> blocks, int samples, Action<double>? progress)
    {
        using var passes = new PartPasses(_plain, _moved, part);
        using var other = ModelFile.Load(_moved.PathOf(part));
        var mine = (part.Model, _plain.FolderOf(part));
        var theirs = (other.Model, Path.GetDirectoryName(Path.GetFullPath(other.FilePath)) ?? "");
        List<PassPair> open = [.. passes.Make(samples)];
        if (open.Count == 0)
        {
            throw new RefusedException(
                $"no sample input fits '{part.FileName}', so that nothing could be compared; --verify none leaves it "
                + "out");
        }

        foreach (var block in blocks)
        {
            var plain = RunAll(mine, block, open, pass => pass.Plain, mayFail: true);
            progress?.Invoke((block.Number - 0.5) / blocks.Count);
            var moved = RunAll(theirs, block, open, pass => pass.Moved, mayFail: false);
            foreach (var (pass, left, right) in open.Zip(plain, moved))
            {
                Judge(part, block, left, right);
                if (Fault is null && !_comparison.IsRounded && IsOff(left, right))
                {
                    var node = NodeSearch.FirstOff(mine, theirs, block, pass, _comparison.Tolerance);
                    Fault = $"block {block.Number} of {blocks.Count} of '{part.FileName}' ({block.Place})"
                        + (node is null ? "" : $": {node.Value.Text}");
                    FaultNode = node is null ? null : (part.Key, node.Value.Output);
                }

                foreach (var name in block.Carried)
                {
                    (pass.Plain[name], pass.Moved[name]) = (left[name], right[name]);
                }
            }

            progress?.Invoke((double)block.Number / blocks.Count);
        }

        Samples = Math.Min(Samples, open.Count);
    }

    // A graph of another exporter may not take every shape that its inputs declare: such passes end.
    private static List<IReadOnlyDictionary<string, HostTensor>> RunAll(
        (ModelProto Model, string Folder) side,
        GraphBlock block,
        List<PassPair> passes,
        Func<PassPair, Dictionary<string, HostTensor>> values,
        bool mayFail)
    {
        Dictionary<string, HostTensor> InputsOf(PassPair pass) =>
            block.Inputs.ToDictionary(name => name, name => values(pass)[name], StringComparer.Ordinal);

        using var runner = new BlockRunner(
            side.Model, side.Folder, InputsOf(passes[0]), block.Carried.Concat(block.Outputs));
        var results = new List<IReadOnlyDictionary<string, HostTensor>>(passes.Count);
        foreach (var pass in passes.ToArray())
        {
            try
            {
                results.Add(runner.Run(InputsOf(pass)));
            }
            catch (OnnxRuntimeException) when (mayFail && passes.Count > 1)
            {
                passes.Remove(pass);
            }
        }

        return results;
    }

    private void Judge(
        GraphPart part,
        GraphBlock block,
        IReadOnlyDictionary<string, HostTensor> left,
        IReadOnlyDictionary<string, HostTensor> right)
    {
        foreach (var name in block.Outputs)
        {
            _comparison.AddAll(
                [(name, left[name])], [(name, _moved.Restore(part.Role, name, right[name]))], part.Key);
        }
    }

    private bool IsOff(
        IReadOnlyDictionary<string, HostTensor> left, IReadOnlyDictionary<string, HostTensor> right) =>
        left.Any(value => UnorderedDistance.Of(value.Value, right[value.Key]) > _comparison.Tolerance);
}
