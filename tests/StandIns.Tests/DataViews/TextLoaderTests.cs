using Microsoft.ML;
using Microsoft.ML.Data;

namespace StandIns.Tests.DataViews;

[TestClass]
public sealed class TextLoaderTests
{
    private readonly MLContext _ml = new();
    private string _path = "";

    public sealed class Line
    {
        [LoadColumn(0)]
        public string Text { get; set; } = "";

        [LoadColumn(1), ColumnName("Number")]
        public float Value { get; set; }

        [LoadColumn(2, 3)]
        public int[] Pair { get; set; } = [];

        [LoadColumn(4), KeyType(3)]
        public uint Category { get; set; }
    }

    [TestInitialize]
    public void MakePath() => _path = Path.GetTempFileName();

    [TestCleanup]
    public void Delete() => File.Delete(_path);

    [TestMethod]
    public void MembersAreLoadedFromTheirColumns()
    {
        File.WriteAllText(_path, "text\tnumber\ta\tb\tkey\nhello world\t1.5\t3\t4\t0\n\n// a comment\nlast\t-2e3\t5\t6\t2\n");
        var rows = _ml.Data.CreateEnumerable<Line>(_ml.Data.LoadFromTextFile<Line>(_path, hasHeader: true), false).ToArray();
        Assert.HasCount(2, rows);
        Assert.AreEqual("hello world", rows[0].Text);
        Assert.AreEqual(-2000f, rows[1].Value);
        CollectionAssert.AreEqual(new[] { 3, 4 }, rows[0].Pair);
        // The file counts from 0, the view from 1.
        Assert.AreEqual(1u, rows[0].Category);
        Assert.AreEqual(3u, rows[1].Category);
    }

    [TestMethod]
    public void QuotedFieldsHoldSeparatorsAndQuotes()
    {
        File.WriteAllText(_path, "\"a, b\",1\n\"say \"\"hi\"\"\",2\nplain \"x\",3\n\"open,4\n");
        var texts = Load(allowQuoting: true).GetColumn<string>("Text").ToArray();
        CollectionAssert.AreEqual(new[] { "a, b", "say \"hi\"", "plain \"x\"", "" }, texts);
    }

    [TestMethod]
    public void WithoutQuotingAQuoteIsAQuote()
    {
        File.WriteAllText(_path, "\"a, b\",1\n");
        CollectionAssert.AreEqual(new[] { "\"a" }, Load(allowQuoting: false).GetColumn<string>("Text").ToArray());
    }

    [TestMethod]
    public void MissingAndStrangeFieldsHaveDefaults()
    {
        File.WriteAllText(_path, "a\nb,\nc,?\nd,7\n");
        var view = Load(allowQuoting: false);
        CollectionAssert.AreEqual(new[] { 0f, 0f, float.NaN, 7f }, view.GetColumn<float>("Number").ToArray());
        Assert.AreEqual(4, view.GetColumn<string>("Text").Count());
        Assert.IsNull(view.GetRowCount());
    }

    [TestMethod]
    public void IntegersThatAreNoneAreAnError()
    {
        File.WriteAllText(_path, "1\nx\n");
        var view = _ml.Data.LoadFromTextFile(_path, [new TextLoader.Column("N", DataKind.Int32, 0)]);
        Assert.Throws<Exception>(() => view.GetColumn<int>("N").ToArray());
    }

    [TestMethod]
    public void OptionsSayHowTheFileIsWritten()
    {
        File.WriteAllText(_path, "1,5;\"two\nlines\";x\n2,5;one;y\n3,5;three;z\n");
        var options = new TextLoader.Options
        {
            Separators = [';'],
            DecimalMarker = ',',
            AllowQuoting = true,
            ReadMultilines = true,
            MaxRows = 2,
            Columns = [new TextLoader.Column("N", DataKind.Double, 0), new TextLoader.Column("T", DataKind.String, 1, 2)],
        };
        var view = _ml.Data.LoadFromTextFile(_path, options);
        CollectionAssert.AreEqual(new[] { 1.5, 2.5 }, view.GetColumn<double>("N").ToArray());
        CollectionAssert.AreEqual(new[] { "two\nlines", "x" }, view.GetColumn<string[]>("T").First());
    }

    [TestMethod]
    public void RangesCanBeOpen()
    {
        File.WriteAllText(_path, "1\t2\t3\n4\t5\t6\n");
        var loader = _ml.Data.CreateTextLoader([new TextLoader.Column("F", DataKind.Single, [new TextLoader.Range(1, null)])], dataSample: new MultiFileSource(_path));
        var view = loader.Load(_path);
        Assert.AreEqual(2, ((VectorDataViewType)view.Schema["F"].Type).Size);
        CollectionAssert.AreEqual(new[] { 5f, 6f }, view.GetColumn<float[]>("F").Last());
    }

    [TestMethod]
    public void ALoaderLoadsManyFiles()
    {
        File.WriteAllText(_path, "a,1\n");
        var loader = _ml.Data.CreateTextLoader([new TextLoader.Column("Text", DataKind.String, 0)], separatorChar: ',');
        CollectionAssert.AreEqual(new[] { "a", "a" }, loader.Load(_path, _path).GetColumn<string>("Text").ToArray());
    }

    [TestMethod]
    public void AFileThatIsNotThereIsNamed()
    {
        var e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Data.LoadFromTextFile<Line>(_path + ".none"));
        StringAssert.Contains(e.Message, _path + ".none");
    }

    private IDataView Load(bool allowQuoting) => _ml.Data.LoadFromTextFile(
        _path,
        [new TextLoader.Column("Text", DataKind.String, 0), new TextLoader.Column("Number", DataKind.Single, 1)],
        separatorChar: ',',
        allowQuoting: allowQuoting);
}
