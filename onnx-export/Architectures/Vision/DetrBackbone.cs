using System.Globalization;
using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Architectures.Vision;

/// <summary>The network of convolutions before DETR's layers: a ResNet under timm's names, or under its own.</summary>
internal static class DetrBackbone
{
    private const string Root = "model.backbone.conv_encoder.model";
    private const string Own = "resnet.";
    private const string Section = "backbone_config";
    private const string Backbone = "backbone";

    // Pixels of a row of its last map: others come of dilated convolutions.
    private const int Stride = 32;
    private const int LastStage = 4;

    // Kind of blocks, and how many of them each stage has.
    private static readonly Dictionary<string, (bool IsNarrow, int[] Depths)> Sizes = new(StringComparer.Ordinal)
    {
        ["resnet18"] = (false, [2, 2, 2, 2]),
        ["resnet34"] = (false, [3, 4, 6, 3]),
        ["resnet50"] = (true, [3, 4, 6, 3]),
        ["resnet101"] = (true, [3, 4, 23, 3]),
    };

    private static string Names => string.Join(", ", Sizes.Keys);

    /// <summary>The network as a ResNet's own config.json describes it.</summary>
    /// <param name="config">config.json of the whole model.</param>
    public static ConfigJson Describe(ConfigJson config)
    {
        config.RefuseFlag("dilation");
        if (!UsesTimm(config))
        {
            var section = config.Section(Section) ?? ConfigJson.Parse("config.json", "{}"u8.ToArray());
            section.RefuseUnless("model_type", "resnet");
            RefuseOtherStages(section);
            return section;
        }

        var timm = config.Section(Section) ?? config;
        RefuseOtherStages(timm);
        foreach (var said in new[] { config.Section("backbone_kwargs"), timm }.OfType<ConfigJson>())
        {
            if (said.Integer("output_stride") is { } stride and not Stride)
            {
                throw new RefusedException($"config.json: output_stride is {stride}; it must be {Stride}");
            }
        }

        var isNamed = timm.IsGiven(Backbone) || (ReferenceEquals(timm, config) && !config.Has(Backbone));
        var name = !isNamed
            ? throw new RefusedException($"config.json: backbone is null; it must be one of {Names}")
            : timm.Text(Backbone) ?? "resnet50";
        if (!Sizes.TryGetValue(name, out var size))
        {
            throw new RefusedException($"config.json: backbone is '{name}'; it must be one of {Names}");
        }

        var factor = size.IsNarrow ? 4 : 1;
        return config.With($$"""
            {"embedding_size": 64, "hidden_sizes": [{{64 * factor}}, {{128 * factor}}, {{256 * factor}},
            {{512 * factor}}], "depths": [{{string.Join(", ", size.Depths)}}], "hidden_act": "relu",
            "layer_type": "{{(size.IsNarrow ? "bottleneck" : "basic")}}"}
            """);
    }

    /// <summary>The checkpoint, in which a ResNet finds its tensors under its own names.</summary>
    public static RenamedTensors Renamed(ITensorStore tensors, ConfigJson config)
    {
        var usesTimm = UsesTimm(config);
        return new RenamedTensors(tensors, name => !name.StartsWith(Own, StringComparison.Ordinal) ? [name]
            : !usesTimm ? [$"{Root}.{name[Own.Length..]}"]
            : [$"{Root}.{Timm(name[Own.Length..])}", $"{Root}._backbone.{Timm(name[Own.Length..])}"]);
    }

    // Layers read the last map that is given out; here it is always that of the last stage.
    private static void RefuseOtherStages(ConfigJson section)
    {
        if (section.IntegerList("out_indices") is [.., var last] && last != LastStage && last != -1)
        {
            throw new RefusedException($"config.json: out_indices ends with {last}; it must end with {LastStage}");
        }

        if (section.Texts("out_features") is [.., var name] && name != $"stage{LastStage}")
        {
            throw new RefusedException(
                $"config.json: out_features ends with '{name}'; it must end with 'stage{LastStage}'");
        }
    }

    // What a section describes is what it names; without one, a flag says it.
    private static bool UsesTimm(ConfigJson config) => config.Section(Section) is { } section
        ? section.Text("model_type") == "timm_backbone" || config.Flag("use_timm_backbone", false)
        : config.Flag("use_timm_backbone", true);

    private static string Timm(string name)
    {
        var parts = name.Split('.');
        var end = parts[^1];
        return parts switch
        {
            ["embedder", "embedder", "convolution", _] => $"conv1.{end}",
            ["embedder", "embedder", "normalization", _] => $"bn1.{end}",
            [_, _, var stage, _, var block, "shortcut", var part, _] =>
                $"layer{After(stage)}.{block}.downsample.{(part == "convolution" ? 0 : 1)}.{end}",
            [_, _, var stage, _, var block, _, var layer, var part, _] =>
                $"layer{After(stage)}.{block}.{(part == "convolution" ? "conv" : "bn")}{After(layer)}.{end}",
            _ => name,
        };

        static int After(string index) => int.Parse(index, CultureInfo.InvariantCulture) + 1;
    }
}
