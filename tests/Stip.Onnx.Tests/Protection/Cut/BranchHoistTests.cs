using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

public sealed class BranchHoistTests : IDisposable
{
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void RowsOfBothBranches_AreLookedUpOnceBeforeThem()
    {
        Merged();
        using var file = _graph.Save();

        BranchHoist.Apply(file.Graph, shapesHaveEnds: true);

        Assert.Equal(["Gather", "If"], file.Graph.Node.Select(node => node.OpType));
        Assert.All(OuterReads.Subgraphs(file.Graph.Node[1]), branch =>
        {
            Assert.DoesNotContain(branch.Node, node => node.OpType == "Gather");
            Assert.Contains(branch.Node, node => node.Input.Contains(file.Graph.Node[0].Output[0]));
        });
    }

    [Fact]
    public void Package_OfAMergedGraph_KeepsIdsFromTheServerAndAnswersAlike()
    {
        Merged();
        _graph.Save().Dispose();

        PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("merged"), new SeededRandom(6));

        using var package = ProtectedModel.Open(_folder.At("package"));
        using var cloud = ModelFile.Load(package.GraphPath);
        Assert.Equal(["inputs_embeds", "use_cache_branch"], cloud.Graph.Input.Select(input => input.Name));
        Assert.DoesNotContain(cloud.Tensors, tensor => tensor.Name == "table");
        foreach (var branch in new byte[] { 0, 1 })
        {
            var inputs = new Dictionary<string, HostTensor>
            {
                ["input_ids"] = HostTensor.FromIntegers([8L, 0L, 3L], 1, 3),
                ["use_cache_branch"] = new(TensorDtype.Bool, [1], [branch]),
            };
            var plain = Assert.Single(WholeModel.Run(_graph.FilePath, inputs)).Tensor.ToFloats();
            var moved = Assert.Single(WholeModel.Run(_folder.At("package"), inputs)).Tensor.ToFloats();
            // float32 sums of 6 terms in another order.
            Assert.All(plain.Zip(moved), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        }
    }

    [Fact]
    public void NamesThatBranchesShare_AreGivenOnce()
    {
        _graph.Weight("other", 9, 6);
        Merged(branch =>
        {
            // What is computed in one branch has the name of what is looked up in the other.
            branch.Node[1] = Node("Gather", "active", "other", "input_ids");
            branch.Node.Insert(2, Node("Add", "sum", "rows", "active"));
            branch.Node[3].Input[0] = "sum";
        });
        using var file = _graph.Save();

        BranchHoist.Apply(file.Graph, shapesHaveEnds: true);

        var nodes = file.Graph.Node.Concat(file.Graph.Node.SelectMany(OuterReads.Subgraphs)
            .SelectMany(branch => branch.Node)).ToArray();
        Assert.Distinct(nodes.SelectMany(node => node.Output));
        Assert.Distinct(file.Graph.Node.Select(node => node.Name));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _graph.Dispose();
    }

    // Both branches look ids up in one table and give their values the same names.
    private void Merged(Action<GraphProto>? change = null)
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Graph.AddInput("use_cache_branch", TensorDtype.Bool, 1);
        _graph.Weight("table", 9, 6);
        _graph.Weight("w", 6, 8);
        var other = Branch("else_branch", "Sigmoid");
        change?.Invoke(other.G);
        _graph.With("If", "y", ["use_cache_branch"], Branch("then_branch", "Tanh"), other);
        _graph.Output("y", "batch", "seq", 8);
    }

    private static AttributeProto Branch(string name, string activation)
    {
        var branch = new GraphProto { Name = name };
        branch.Node.Add(Node("Gather", "rows", "table", "input_ids"));
        branch.Node.Add(Node(activation, "active", "rows"));
        branch.Node.Add(Node("MatMul", "out", "active", "w"));
        branch.Output.Add(new ValueInfoProto
        {
            Name = "out",
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } },
        });
        return new AttributeProto { Name = name, G = branch, Type = AttributeProto.Types.AttributeType.Graph };
    }

    private static NodeProto Node(string operation, string output, params string[] inputs)
    {
        var node = new NodeProto { OpType = operation, Name = output };
        node.Input.Add(inputs);
        node.Output.Add(output);
        return node;
    }
}
