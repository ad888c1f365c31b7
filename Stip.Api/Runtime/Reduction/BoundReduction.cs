using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Stip.Api.Engine;

namespace Stip.Api.Runtime.Reduction;

/// <summary>The reduction of some rows of a step to the k largest of each, ready to run again and again.</summary>
internal sealed class BoundReduction : IDisposable
{
    private readonly OrtIoBinding _binding;
    private readonly OrtValue _logits;
    private readonly List<StepTensor> _all = [];
    private readonly StepTensor _inverse; // [rows, 1]
    private readonly StepTensor _indices; // [rows, k]
    private readonly StepTensor _values; // [rows, k]
    private readonly StepTensor _sums; // [rows, 1]
    private readonly IDeviceMemory? _device;

    /// <param name="binding">Owned from here on.</param>
    /// <param name="logits">Owned from here on.</param>
    /// <param name="first">The first of the rows, among those of the step.</param>
    /// <param name="rows">Rows of logits.</param>
    /// <param name="k">How many of each are found.</param>
    /// <param name="device">Where they lie.</param>
    public BoundReduction(
        OrtIoBinding binding, OrtValue logits, int first, int rows, int k, IDeviceMemory? device)
    {
        (_binding, _logits, _device, First, K) = (binding, logits, device, first, k);
        try
        {
            _inverse = Make(TensorElementType.Float, sizeof(float), device, rows, 1);
            _indices = Make(TensorElementType.Int32, sizeof(int), device, rows, k);
            _values = Make(TensorElementType.Float, sizeof(float), device, rows, k);
            _sums = Make(TensorElementType.Double, sizeof(double), device, rows, 1);
            binding.BindInput(ReductionModel.Logits, logits);
            binding.BindInput(ReductionModel.Inverse, _inverse.Bound);
            binding.BindInput(ReductionModel.PieceK, Count(Math.Min(k, ReductionModel.PieceLength)));
            binding.BindInput(ReductionModel.K, Count(k));
            binding.BindOutput(ReductionModel.Indices, _indices.Bound);
            binding.BindOutput(ReductionModel.Values, _values.Bound);
            binding.BindOutput(ReductionModel.Sums, _sums.Bound);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The first of the rows.</summary>
    public int First { get; }

    /// <summary>How many of each row are found.</summary>
    public int K { get; }

    public long Bytes => _all.Sum(tensor => tensor.TotalBytes);

    /// <summary>Reduces the rows of which no more is wanted and writes what was found to their places.</summary>
    public void Run(RowReduction reduction, LogitsTarget logits, int rowBytes)
    {
        Upload(logits);
        reduction.Run(_binding);
        _indices.Download();
        _values.Download();
        _sums.Download();
        var indices = _indices.Numbers<int>();
        var values = _values.Numbers<float>();
        var sums = _sums.Numbers<double>();
        for (var row = 0; row < sums.Length; row++)
        {
            if (logits.Top(First + row) is { IsWhole: false } top)
            {
                top.Write(
                    logits.Row(First + row, rowBytes), indices.Slice(row * K, K), values.Slice(row * K, K), sums[row]);
            }
        }
    }

    public void Dispose()
    {
        _binding.Dispose();
        _logits.Dispose();
        _all.ForEach(tensor => tensor.Dispose());
    }

    // Temperatures are mostly those of the step before.
    private void Upload(LogitsTarget logits)
    {
        var inverse = _inverse.Numbers<float>();
        var isOther = false;
        for (var row = 0; row < inverse.Length; row++)
        {
            var wanted = logits.Top(First + row) is { IsWhole: false } top ? (float)(1 / top.Temperature) : 1;
            isOther |= inverse[row] != wanted;
            inverse[row] = wanted;
        }

        if (isOther)
        {
            _inverse.Upload();
            _device?.Wait();
        }
    }

    private StepTensor Make(TensorElementType type, int elementBytes, IDeviceMemory? device, params long[] shape)
    {
        var tensor = new StepTensor(type, elementBytes, device, shape);
        _all.Add(tensor);
        return tensor;
    }

    // Read by the host, wherever the graph runs.
    private OrtValue Count(int count)
    {
        var tensor = Make(TensorElementType.Int64, sizeof(long), device: null, 1);
        tensor.Numbers<long>()[0] = count;
        return tensor.Bound;
    }
}
