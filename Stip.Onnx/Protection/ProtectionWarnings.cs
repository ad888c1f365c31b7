using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Protection.Rounding;

namespace Stip.Onnx.Protection;

/// <summary>What a developer should know of a package, a line each.</summary>
internal static class ProtectionWarnings
{
    public static List<string> Of(
        PlainModel plain, DrawnPlans plans, ProtectionOptions options, VerificationChoice verification)
    {
        var warnings = new List<string>();
        if (verification.Reason is { } reason)
        {
            warnings.Add(reason);
        }

        warnings.AddRange(SecondTry.Held(plain));
        warnings.AddRange(UnservedPorts.Of(plain.Manifest));
        if (PooledTexts.Warning(plain, options.Texts) is { } unsaid)
        {
            warnings.Add(unsaid);
        }

        if (plain.Sources.Count > 0 && plain.Manifest is
            { ClientLayers: > 0 and var layers, Kind: ModelKinds.Decoder or ModelKinds.Encoder }
            && plain.Manifest.ClientGraphs?.Values.Select(ClientGraphs.Refusal).OfType<string>().FirstOrDefault()
                is { } refusal)
        {
            warnings.Add(
                $"{layers} client layers: chat, complete and other programs of Stip refuse this bundle, for {refusal}; "
                + "who serves it runs the client's graph himself");
        }

        if (options.Mode == ProtectionMode.None)
        {
            warnings.Add("mode none: nothing in this package is hidden; clients refuse it without --allow-unprotected");
        }
        else if (plain.Manifest.TiedEmbeddings)
        {
            warnings.Add(
                "tied embeddings: the server's output matrix is the client's table permuted on both axes, "
                + "so the server can link a prompt row to the permuted id of its token");
        }

        string[] clear = [.. plain.Clear.Union(plans.Clear)];
        if (clear.Length > 0)
        {
            warnings.Add($"in the clear between client and server: {string.Join(", ", clear)}");
        }

        string[] taken = [.. plain.Sources.SelectMany(source => source.Taken).Distinct()];
        if (taken.Length > 0)
        {
            warnings.Add(
                "taken for features that another graph made: "
                + string.Join(", ", taken.Select(name => $"input '{name}'"))
                + "; the server gets their numbers, at most in another order");
        }

        warnings.AddRange(plain.Sources.Select(source => source.OnlyLength).OfType<int>().Select(length =>
            $"the graph was seen to run at a length of {length} alone (of a text, a sound or the sides of a picture), "
            + "though its inputs leave it free: at others each call fails in the server's runtime"));
        if (options.Rounding != WeightRounding.None)
        {
            warnings.AddRange(plain.Parts.Where(part => !part.IsClient).SelectMany(LeftFloat));
        }

        return warnings;
    }

    private static IEnumerable<string> LeftFloat(GraphPart part)
    {
        var experts = part.Graph.Node.Where(RoundableExperts.IsPlain).ToList();
        var rounded = RoundableMatrices.Of(part.Graph, part.Tensors);
        if (experts.Count(node => !rounded.Contains(node.Input[RoundableExperts.Matrices[0]])) is > 0 and var left)
        {
            yield return $"experts of {left} of {experts.Count} layers stay as they are: rounded ones must be float32, "
                + $"gated in turns (swiglu), with widths that are multiples of {BlockRounding.BlockLength}";
        }
    }
}
