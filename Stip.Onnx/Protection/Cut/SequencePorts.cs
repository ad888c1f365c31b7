using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Tables;
using Stip.Onnx.Symmetry.Ports;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Names of their own in graphs of an encoder and a decoder that only what one gives another tells.</summary>
internal static class SequencePorts
{
    /// <summary>A graph with what its joins tell: the encoder's states on either side.</summary>
    /// <param name="role">The graph's.</param>
    /// <param name="graph">As far as it tells itself.</param>
    /// <param name="joins">What one graph gives another.</param>
    public static GraphManifest Of(string role, GraphManifest graph, IReadOnlyList<PortJoin> joins)
    {
        var states = joins.FirstOrDefault(join =>
            join.From.StartsWith($"{GraphRoles.Encoder}.", StringComparison.Ordinal)
            && join.To.StartsWith($"{GraphRoles.Decoder}.", StringComparison.Ordinal));
        return states is null ? graph : role switch
        {
            GraphRoles.Encoder => With(graph, EncoderPorts.Hidden, NameIn(role, states.From), isInput: false),
            GraphRoles.Decoder => With(graph, GraphManifest.EncoderStates, NameIn(role, states.To), isInput: true),
            _ => graph,
        };
    }

    /// <summary>A first step that gives the caches of later ones under names of its own.</summary>
    /// <param name="first">The graph.</param>
    /// <param name="caches">Those of later steps that grow.</param>
    /// <param name="joins">What one graph gives another.</param>
    public static GraphManifest WithPresents(
        GraphManifest first, IReadOnlyList<CacheTensorManifest> caches, IReadOnlyList<PortJoin> joins)
    {
        foreach (var cache in caches)
        {
            var given = joins.FirstOrDefault(join => join.To == $"{GraphRoles.DecoderWithPast}.{cache.Past}"
                && join.From.StartsWith($"{GraphRoles.Decoder}.", StringComparison.Ordinal));
            var own = given is null ? cache.Present : NameIn(GraphRoles.Decoder, given.From);
            first = own == cache.Present ? first : Named(first, cache.Present, own);
        }

        return first;
    }

    /// <summary>The names of a client's graph by the usual ones; null where it has those.</summary>
    public static IReadOnlyDictionary<string, string>? OfClient(ClientGraphManifest graph, ForeignSource source)
    {
        var names = new Dictionary<string, string>(source.TokenNames ?? new Dictionary<string, string>());
        string[] masks =
        [
            .. graph.Inputs.Select(input => input.Name).Where(name => source.Uses[name] == PortUse.Mask),
        ];
        if (masks is [var mask] && mask != EncoderPorts.Mask)
        {
            names[EncoderPorts.Mask] = mask;
            // A mask is no text, and what is left is.
            string[] ids =
            [
                .. graph.Inputs.Where(input => input.Dtype.StartsWith("int", StringComparison.Ordinal)
                    && input.Name != mask).Select(input => input.Name),
            ];
            if (ids is [var only] && only != LookupTerms.Ids)
            {
                names[LookupTerms.Ids] = only;
            }
        }

        return names.Count == 0 ? null : names;
    }

    private static GraphManifest With(GraphManifest graph, string usual, string own, bool isInput)
    {
        var ports = isInput ? graph.Inputs : graph.Outputs;
        return own == usual || ports.Any(port => port.Name == usual) ? graph : Named(graph, usual, own);
    }

    private static GraphManifest Named(GraphManifest graph, string usual, string own) => graph with
    {
        Ports = new Dictionary<string, string>(graph.Ports ?? new Dictionary<string, string>()) { [usual] = own },
    };

    private static string NameIn(string role, string port) => port[(role.Length + 1)..];
}
