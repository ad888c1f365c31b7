using Google.Protobuf;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Model;

/// <summary>Weights inside a large graph file stay where they are. Every file counts as large here.</summary>
public sealed class LargeFileTests : IDisposable
{
    private const int Width = 48;
    private const int LargeBytes = Width * Width * sizeof(float);
    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.At("model.onnx");

    [Fact]
    public void Load_OfALargeFile_MapsWhatIsLargeAndCopiesTheRest()
    {
        Save();

        using var whole = ModelFile.Load(FilePath);
        using var mapped = ModelFile.Load(FilePath, largestCopied: 0);

        Assert.Equal(whole.Sha256, mapped.Sha256);
        Assert.Equal(whole.Tensors.Select(tensor => tensor.Name), mapped.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([LargeBytes, LargeBytes], mapped.Tensors.Where(tensor => tensor.IsExternal)
            .Select(tensor => (int)tensor.ByteLength));
        Assert.All(whole.Tensors.Zip(mapped.Tensors), pair =>
            Assert.Equal(pair.First.Bytes().ToArray(), pair.Second.Bytes().ToArray()));
        Assert.True(mapped.Model.CalculateSize() < LargeBytes);
    }

    [Fact]
    public void Run_OfAMappedModel_GivesTheSame()
    {
        Save();
        using var file = ModelFile.Load(FilePath, largestCopied: 0);

        using var mapped = new GraphRunner(file.Model, _folder.Path);

        Assert.Equal(Answer(new GraphRunner(FilePath)), Answer(mapped));
    }

    [Fact]
    public void Write_OfAMappedModel_PutsWeightsBesideTheGraph()
    {
        Save();
        using var file = ModelFile.Load(FilePath, largestCopied: 0);

        var written = ProtectedGraphWriter.Write(
            GraphPart.Of(file), ProtectionPlan.Nothing, _folder.At("moved.onnx"));

        Assert.Equal("moved.onnx.data", Assert.Single(written).Path);
        Assert.Equal(Answer(new GraphRunner(FilePath)), Answer(new GraphRunner(_folder.At("moved.onnx"))));
    }

    [Fact]
    public void Load_OfALargeFileThatAnotherReplaces_ReadsWhatWasHashed()
    {
        Save();
        var plain = File.ReadAllBytes(FilePath);
        using var whole = ModelFile.Load(FilePath);

        var (model, sha256, mapped) = GraphFileReader.Read(FilePath, 0, bytes =>
        {
            File.Delete(FilePath);
            File.WriteAllBytes(FilePath, new byte[plain.Length]);
            return ModelProto.Parser.ParseFrom(bytes.Span);
        });

        using (mapped)
        {
            Assert.Equal(whole.Sha256, sha256);
            Assert.Contains(model.Graph.Initializer, tensor => tensor.ExternalData.Count > 0);
            Assert.Equal(plain, mapped!.Bytes(0, plain.Length));
        }
    }

    [Fact]
    public void Skeleton_OfAFileWhoseWeightsStay_IsNotMade()
    {
        Save(model =>
        {
            foreach (var tensor in model.Graph.Initializer)
            {
                tensor.FloatData.Add(new float[LargeBytes / sizeof(float)]);
                tensor.RawData = ByteString.Empty;
            }
        });

        Assert.Null(GraphSkeleton.Of(File.ReadAllBytes(FilePath)));
    }

    // As in a cache of files whose names are links to what they hold.
    [Fact]
    public void Load_OfALargeFileBehindALink_MapsWhatItLeadsTo()
    {
        Save();
        using var other = new TemporaryFolder();
        File.CreateSymbolicLink(other.At("graph.onnx"), FilePath);

        using var file = ModelFile.Load(other.At("graph.onnx"), largestCopied: 0);

        Assert.Equal(2, file.Tensors.Count(tensor => tensor.IsExternal));
        Assert.Equal(_folder.Path, file.DataFolder);
        Assert.Equal(
            Answer(new GraphRunner(FilePath)), Answer(new GraphRunner(file.Model, file.DataFolder!)));
    }

    // As such a cache that has a name of its own: what its links say holds from where they lie.
    [Theory]
    [InlineData(0, true)]
    [InlineData(GraphFileReader.LargestCopied, false)]
    public void Load_OfARelativeLinkInALinkedFolder_ReadsWhatItLeadsTo(long largestCopied, bool isMapped)
    {
        Save();
        using var other = new TemporaryFolder();
        Directory.CreateDirectory(_folder.At("snapshots", "first"));
        File.Move(FilePath, _folder.At("held"));
        File.CreateSymbolicLink(
            _folder.At("snapshots", "first", "model.onnx"), Path.Combine("..", "..", "held"));
        Directory.CreateSymbolicLink(other.At("model"), _folder.At("snapshots", "first"));

        using var file = ModelFile.Load(other.At("model", "model.onnx"), largestCopied);

        Assert.Equal(isMapped ? 2 : 0, file.Tensors.Count(tensor => tensor.IsExternal));
        Assert.Equal(isMapped ? _folder.Path : null, file.DataFolder);
        Assert.Equal(
            Answer(new GraphRunner(_folder.At("held"))),
            Answer(new GraphRunner(file.Model, file.DataFolder ?? other.At("model"))));
    }

    [Fact]
    public void Load_OfALargeLinkWithWeightsBesideIt_CopiesIt()
    {
        Save(model => model.Graph.Initializer[0].MergeFrom(Beside()));
        using var other = new TemporaryFolder();
        File.WriteAllBytes(other.At("weights.bin"), new byte[LargeBytes]);
        File.CreateSymbolicLink(other.At("model.onnx"), FilePath);

        using var file = ModelFile.Load(other.At("model.onnx"), largestCopied: 0);

        Assert.Null(file.DataFolder);
        Assert.Single(file.Tensors, tensor => tensor.IsExternal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(LargeBytes)]
    [InlineData(2 * LargeBytes)]
    public void Load_OfALargeFileThatEndsEarly_IsRefused(int missing)
    {
        Save();
        var bytes = File.ReadAllBytes(FilePath);
        File.WriteAllBytes(FilePath, bytes[..^missing]);

        var refusal = Assert.Throws<RefusedException>(() => ModelFile.Load(FilePath, largestCopied: 0));

        Assert.Contains("is not an ONNX graph, or is truncated", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfALargeWeightThatIsTooShort_IsRefused()
    {
        Save(model => model.Graph.Initializer[0].Dims[0]++);

        var refusal = Assert.Throws<RefusedException>(() => ModelFile.Load(FilePath, largestCopied: 0));

        Assert.Contains("its shape asks for", refusal.Message, StringComparison.Ordinal);
    }

    // Sparse: no disk is taken.
    [Fact]
    public void Load_OfAGraphLongerThanAnyCanBe_IsRefused()
    {
        var length = Array.MaxLength + 1L;
        using (var file = File.Create(FilePath))
        {
            file.SetLength(length);
        }

        var refusal = Assert.Throws<RefusedException>(() => ModelFile.Load(FilePath));

        Assert.Equal(
            $"'{FilePath}' has {length} bytes; a graph file has at most {Array.MaxLength}, weights beyond that lie "
            + "beside it", refusal.Message);
    }

    [Fact]
    public void Protect_OfDataBeyondTwoGibibytesInSeveralFiles_IsExact()
    {
        Save();
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(FilePath));
        Directory.CreateDirectory(_folder.At("parts"));
        foreach (var (tensor, index) in model.Graph.Initializer.Select((tensor, index) => (tensor, index)))
        {
            var (location, offset) = (index % 2 == 0 ? "first.bin" : "parts/second.bin", (9L << 28) + (index << 16));
            using (var file = File.OpenWrite(_folder.At(location)))
            {
                file.Seek(offset, SeekOrigin.Begin);
                tensor.RawData.WriteTo(file);
            }

            tensor.RawData = ByteString.Empty;
            ExternalDataWriter.Point(tensor, location, offset, GraphTensor.ByteCount(tensor));
        }

        model.Graph.Input[0].Name = "inputs_embeds";
        model.Graph.Node[0].Input[0] = "inputs_embeds";
        File.WriteAllBytes(FilePath, model.ToByteArray());
        Assert.True(new FileInfo(_folder.At("first.bin")).Length > 2L << 30);

        var made = PackageProtector.Protect(FilePath, _folder.At("package"), new ProtectionOptions("far"));

        Assert.True(made.Verification!.Passed);
        var files = Directory.GetFiles(_folder.At("package", "cloud"));
        Assert.InRange(files.Sum(file => new FileInfo(file).Length), 1, 1 << 20);
    }

    [Fact]
    public void Write_OfADataFileBesideBytesInTheGraph_LeavesThoseOut()
    {
        // Which of the two counts is said by the location; the other one would be copied as it is.
        Save(model => model.Graph.Initializer[0].MergeFrom(Beside()));
        File.WriteAllBytes(_folder.At("weights.bin"), new byte[LargeBytes]);
        using var file = ModelFile.Load(FilePath);

        ProtectedGraphWriter.Write(GraphPart.Of(file), ProtectionPlan.Nothing, _folder.At("moved.onnx"));

        var moved = ModelProto.Parser.ParseFrom(File.ReadAllBytes(_folder.At("moved.onnx")));
        Assert.True(moved.Graph.Initializer[0].RawData.IsEmpty);
    }

    public void Dispose() => _folder.Dispose();

    private static TensorProto Beside()
    {
        var tensor = new TensorProto { DataLocation = TensorProto.Types.DataLocation.External };
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "weights.bin" });
        return tensor;
    }

    private static float[] Answer(GraphRunner runner)
    {
        using (runner)
        {
            float[] numbers = [.. Enumerable.Range(0, Width).Select(i => MathF.Sin(i))];
            return runner.Run(new Dictionary<string, HostTensor>
            {
                ["x"] = HostTensor.FromFloats(numbers, 1, 1, Width),
            })["y"].ToFloats();
        }
    }

    // Two large weights and a small one, as initialisers that hold their bytes.
    private void Save(Action<ModelProto>? change = null)
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", "seq", Width);
        graph.Add("MatMul", "a", "x", graph.Weight("first", Width, Width));
        graph.Add("Add", "b", "a", graph.Weight("bias", Width));
        graph.Add("MatMul", "y", "b", graph.Weight("second", Width, Width));
        graph.Output("y", "batch", "seq", Width);
        using var file = graph.Save();
        var model = file.Model.Clone();
        foreach (var (tensor, source) in model.Graph.Initializer.Zip(file.Tensors))
        {
            tensor.ExternalData.Clear();
            tensor.DataLocation = TensorProto.Types.DataLocation.Default;
            tensor.RawData = ByteString.CopyFrom(source.Bytes());
        }

        change?.Invoke(model);
        File.WriteAllBytes(FilePath, model.ToByteArray());
    }
}
