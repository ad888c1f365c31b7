namespace Stip.Export.Checkpoints.Gguf;

/// <summary>A family of models by the name that GGUF files give it.</summary>
/// <param name="Name">Value of <c>general.architecture</c>, and prefix of the keys that describe the model.</param>
/// <param name="HuggingFaceName">The same in <c>architectures</c> of a config.json.</param>
/// <param name="ModelType">The same in <c>model_type</c>.</param>
internal sealed record GgufArchitecture(string Name, string HuggingFaceName, string ModelType)
{
    private const string Key = "general.architecture";

    /// <summary>Where checkpoints have the layers.</summary>
    public string Layers { get; init; } = "model.layers";

    /// <summary>True where the rows of queries and keys are stored in another order.</summary>
    public bool InterleavesRotary { get; init; }

    /// <summary>True where checkpoints store queries, keys and values of a head together, and files do not.</summary>
    public bool OrdersHeads { get; init; }

    /// <summary>What files add to the factors of norms that checkpoints store.</summary>
    public float NormOffset { get; init; }

    /// <summary>True where keys and values come out of a latent vector: a head is as wide as its key, whatever its
    /// value.</summary>
    public bool IsLatent { get; init; }

    /// <summary>True where layers have heads and widths of their own.</summary>
    public bool VariesByLayer { get; init; }

    /// <summary>Numbers of a layer that files have in their metadata: keys of lists by names in the layer.</summary>
    public IReadOnlyDictionary<string, string> Numbers { get; init; } = new Dictionary<string, string>();

    /// <summary>Function of the feed-forward part.</summary>
    public string Activation { get; init; } = "silu";

    /// <summary>Modules that have other names than in most families: those of a layer without its name, others
    /// whole.</summary>
    public IReadOnlyDictionary<string, string> Names { get; init; } = new Dictionary<string, string>();

    /// <summary>Adds to the config what only this family has.</summary>
    public Action<GgufDescription>? Describe { get; init; }

    /// <summary>The same architecture where it has experts, null where it never has.</summary>
    public GgufArchitecture? WithExperts { get; init; }

    public static GgufArchitecture Of(GgufMetadata metadata)
    {
        var name = metadata.RequiredText(Key);
        var found = GgufFamilies.All.FirstOrDefault(family => family.Name == name) ?? throw metadata.Refused(
            $"{Key} '{name}' is not supported; there are "
            + string.Join(", ", GgufFamilies.All.Select(family => family.Name)));
        return metadata.Integer($"{name}.expert_count") is > 0 and var experts
            ? found.WithExperts ?? throw metadata.Refused(
                $"{name}.expert_count is {experts}; a '{name}' with experts is not supported (0)")
            : found;
    }
}
