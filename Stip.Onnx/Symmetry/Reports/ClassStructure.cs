using Stip.Onnx.Symmetry.Refinement;

namespace Stip.Onnx.Symmetry.Reports;

/// <summary>Says of each class what stays together in it, which smaller ones it leans on, and what maps it admits.
/// </summary>
internal static class ClassStructure
{
    // Windows of pictures can make thousands of classes; each is looked at by telling a member apart.
    private const int MostClasses = 4096;

    /// <param name="analysis">Before its first draw.</param>
    /// <param name="groups">Which of its classes move as one.</param>
    /// <param name="found">The classes of the report, largest first, each with its group and a label of it.</param>
    public static SymmetryClass[] Of(
        SymmetryAnalysis analysis, ClassGroups groups, (int Group, int Label, SymmetryClass Class)[] found)
    {
        var maps = new ClassMaps(analysis.Segments, analysis.Adjacency, analysis.Classes);
        var nodes = NodesOf(analysis.Classes, groups, [.. found.Select(entry => entry.Group)]);
        SymmetryClass[] classes = [.. found.Select(entry => entry.Class with { Maps = maps.Of(nodes[entry.Group]) })];
        if (found.Length > MostClasses)
        {
            return classes;
        }

        var blocks = new ClassBlocks(analysis.Adjacency, analysis.Classes, analysis.Components);
        int[] members = [.. found.Select(entry => analysis.Segments.Of(entry.Label).Node)];
        for (var number = 0; number < classes.Length; number++)
        {
            var size = classes[number].Size;
            var smaller = Enumerable.Range(number + 1, classes.Length - number - 1)
                .Where(other => classes[other].Size < size).ToArray();
            classes[number] = classes[number] with
            {
                Blocks = blocks.SizesOf(members[number]),
                Within = blocks.DecidedBy(members[number], smaller, other => members[other]),
            };
        }

        return classes;
    }

    // One node for each class: what looks alike does alike.
    private static Dictionary<int, List<int>> NodesOf(NodeClasses classes, ClassGroups groups, HashSet<int> wanted)
    {
        var nodes = wanted.ToDictionary(group => group, _ => new List<int>());
        foreach (var members in classes.Members().Where(members => classes.SizeOfNode(members[0]) > 1))
        {
            if (nodes.TryGetValue(groups.GroupOfClass(classes.ClassOf(members[0], 0)), out var list))
            {
                list.Add(members[0]);
            }
        }

        return nodes;
    }
}
