using ScottPlot;
using ScottPlot.TickGenerators;

namespace Stip.Bench.Paper;

/// <summary>A picture in one style; either axis may count in powers of ten.</summary>
internal sealed class Chart(string title, string horizontal, string vertical, bool logX = false, bool logY = false)
    : IDisposable
{
    private const int Width = 900;
    private const int Height = 540;
    private readonly Plot _plot = new();
    private readonly List<double> _bars = [];

    /// <summary>A line through points.</summary>
    public void AddLine(string name, IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        var line = _plot.Add.Scatter(x.Select(X).ToArray(), y.Select(Y).ToArray());
        (line.LegendText, line.MarkerSize, line.LineWidth) = (name, 9, 2);
        _plot.Axes.Bottom.TickGenerator = new NumericAutomatic { IntegerTicksOnly = true };
    }

    /// <summary>Points without a line, e.g. quoted ones.</summary>
    public void AddPoints(string name, IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        var points = _plot.Add.ScatterPoints(x.Select(X).ToArray(), y.Select(Y).ToArray());
        (points.LegendText, points.MarkerSize, points.MarkerShape) = (name, 12, MarkerShape.OpenDiamond);
    }

    /// <summary>Bars on top of each other, one pile for each label.</summary>
    public void AddStacks(IReadOnlyList<string> labels, IReadOnlyList<(string Name, double[] Values)> parts)
    {
        var below = new double[labels.Count];
        foreach (var (name, values) in parts)
        {
            var bars = _plot.Add.Bars(values.Select((value, i) => new Bar
            {
                Position = i,
                ValueBase = below[i],
                Value = below[i] + value,
                Size = 0.6,
            }).ToArray());
            (bars.LegendText, bars.Color) = (name, _plot.Add.GetNextColor());
            below = [.. below.Zip(values, (a, b) => a + b)];
        }

        _plot.Axes.Bottom.TickGenerator = new NumericManual([.. labels.Select((_, i) => (double)i)], [.. labels]);
        _bars.Add(below.Max());
    }

    /// <summary>Single bars.</summary>
    public void AddBars(IReadOnlyList<string> labels, IReadOnlyList<double> values)
    {
        _plot.Add.Bars([.. values.Select(Y)]);
        _plot.Axes.Bottom.TickGenerator = new NumericManual([.. labels.Select((_, i) => (double)i)], [.. labels]);
    }

    /// <summary>Writes a PNG; nothing where there is no file.</summary>
    public void Save(string? file)
    {
        if (file is null)
        {
            return;
        }

        _plot.Title(title);
        _plot.XLabel(horizontal);
        _plot.YLabel(vertical);
        if (logX)
        {
            _plot.Axes.Bottom.TickGenerator = Powers();
        }

        if (logY)
        {
            _plot.Axes.Left.TickGenerator = Powers();
        }
        else
        {
            _plot.Axes.AutoScale();
            _plot.Axes.SetLimitsY(0, Math.Max(_plot.Axes.GetLimits().Top, _bars.DefaultIfEmpty().Max() * 1.15));
        }

        // Beside the picture: inside of it, it hides points. A legend without entries would leave no room for anything.
        if (_plot.Legend.GetItems().Length > 0)
        {
            _plot.ShowLegend(Edge.Bottom).Legend.Orientation = Orientation.Horizontal;
        }

        if (ChartFont.Name is { } font)
        {
            _plot.Font.Set(font);
        }

        _plot.SavePng(file, Width, Height);
    }

    public void Dispose() => _plot.Dispose();

    private static NumericAutomatic Powers() => new()
    {
        LabelFormatter = power => Math.Abs(power) <= 3
            ? FormattableString.Invariant($"{Math.Pow(10, power):0.###}")
            : FormattableString.Invariant($"1e{power:0}"),
        IntegerTicksOnly = true,
    };

    private double X(double value) => logX ? Math.Log10(value) : value;

    private double Y(double value) => logY ? Math.Log10(value) : value;
}
