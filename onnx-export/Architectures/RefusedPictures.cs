namespace Stip.Export.Architectures;

/// <summary>Families of pictures that are not exported, and why.</summary>
internal static class RefusedPictures
{
    private const string GroupsChannels = "its norms are over groups of channels, and its kernels are brought to a "
        + "mean and a deviation of their own, which is not there yet";

    private const string HasAnchors = "its queries carry a point of the picture that becomes waves in every layer, "
        + "which is not there yet";

    private const string Modulates = "its layers gather neighbours of several sizes and gate them in place of "
        + "attention, which is not there yet";

    private const string PoolsUnits = "its queries are pooled inside units of patches that are put in an order of "
        + "their own, which is not there yet";

    private const string PoolsMaps = "its head pools feature maps into grids of several sizes and adds those of every "
        + "stage, which is not there yet";

    private const string Separates = "its attention shares one weighted sum among the same places of all patches, "
        + "which is not there yet";

    private static readonly Dictionary<string, string> Reasons = new(StringComparer.Ordinal)
    {
        ["BitBackbone"] = GroupsChannels,
        ["BitForImageClassification"] = GroupsChannels,
        ["BitModel"] = GroupsChannels,
        ["ConditionalDetrForObjectDetection"] = HasAnchors,
        ["ConditionalDetrForSegmentation"] = HasAnchors,
        ["ConditionalDetrModel"] = HasAnchors,
        ["FocalNetForImageClassification"] = Modulates,
        ["FocalNetForMaskedImageModeling"] = Modulates,
        ["FocalNetModel"] = Modulates,
        ["HieraForImageClassification"] = PoolsUnits,
        ["HieraForPreTraining"] = PoolsUnits,
        ["HieraModel"] = PoolsUnits,
        ["MobileViTV2ForImageClassification"] = Separates,
        ["MobileViTV2ForSemanticSegmentation"] = Separates,
        ["MobileViTV2Model"] = Separates,
        ["UperNetForSemanticSegmentation"] = PoolsMaps,
    };

    /// <summary>Why a family is refused, null where it is only not known.</summary>
    public static string? Reason(string name) => Reasons.GetValueOrDefault(name);
}
